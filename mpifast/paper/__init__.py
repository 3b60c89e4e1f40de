"""The paper's figures (Chae, ETRI Journal 39:841, 2017): each module measures (``measure``) and draws (``draw``) one of
them.
"""
